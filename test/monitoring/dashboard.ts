import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';

const FILE = path.join(projectFolder, 'docs/monitoring/dashboard.json');

/** A panel of the dashboard, as far as a picture shows it. */
export interface Panel {
  readonly type: 'stat' | 'bargauge' | 'timeseries';
  readonly title: string;
  /** In Grafana's columns, of which a page has 24, and its rows. */
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly min?: number;
      readonly max?: number;
      readonly custom?: { readonly drawStyle?: string; readonly lineInterpolation?: string };
    };
  };
}

export const readPanels = (): Panel[] => JSON.parse(readFileSync(FILE, 'utf8')).panels;

/** An expression as Grafana sends it when nothing is selected. */
export const asSent = (expr: string, rateSeconds: number): string =>
  expr
    .replaceAll('$__rate_interval', `${rateSeconds}s`)
    .replaceAll('$__range', '1h')
    .replaceAll(/\$(job|migration)\b/g, '.*');

/** The text of a legend for a series. */
export const legendOf = (format: string, labels: Readonly<Record<string, string>>): string =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '').trim();
