import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';
import { UsageError } from '../../settings/usageError';
import { freeAddress } from '../support/freeAddress';
import { waitFor } from '../support/waitFor';

export const ALERTS = path.join(projectFolder, 'docs/monitoring/alerts.yml');

/** How often it scrapes: a run of a minute or two has enough to draw. */
export const SCRAPE_SECONDS = 1;

/** A series of a range query: Unix times and values. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: number])[];
}

export interface Alert {
  readonly name: string;
  readonly state: string;
  readonly migration: string | undefined;
}

/** A Prometheus with the alert rules. */
export class Prometheus {
  private constructor(
    private readonly address: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts it in an empty folder. `targets`: the addresses that it scrapes. */
  static async start(folder: string, targets: readonly string[]): Promise<Prometheus> {
    const config = path.join(folder, 'prometheus.yml');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      config,
      `global: { scrape_interval: ${SCRAPE_SECONDS}s, evaluation_interval: ${SCRAPE_SECONDS}s }
rule_files: [${JSON.stringify(ALERTS)}]
scrape_configs:
  - job_name: migrations
    static_configs: [{ targets: ${JSON.stringify(targets)} }]
`,
    );
    const address = await freeAddress();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const prometheus = new Prometheus(address, child);
    const isReady = () =>
      fetch(`http://${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitFor('Prometheus', isReady);
    return prometheus;
  }

  /** @throws Error with Prometheus's own text, when the expression is wrong */
  async range(expr: string, from: number, to: number, step: number): Promise<Series[]> {
    const query = { query: expr, start: String(from), end: String(to), step: String(step) };
    const { result } = await this.ask<{ result: Found[] }>('query_range', query);
    return result.map(({ metric, values }) => ({
      labels: metric,
      values: values.map(([time, value]) => [time, Number(value)] as const),
    }));
  }

  async alerts(): Promise<Alert[]> {
    const { alerts } = await this.ask<{ alerts: FoundAlert[] }>('alerts', {});
    return alerts.map(({ labels, state }) => ({
      name: labels['alertname'] ?? '',
      state,
      migration: labels['migration'],
    }));
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }

  private async ask<T>(what: string, query: Record<string, string>): Promise<T> {
    const response = await fetch(
      `http://${this.address}/api/v1/${what}?${new URLSearchParams(query)}`,
    );
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(answer.error ?? 'no answer');
    return answer.data;
  }
}

interface Found {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [number, string])[];
}

interface FoundAlert {
  readonly labels: Record<string, string>;
  readonly state: string;
}

/** Runs promtool. @returns its output; undefined: it found nothing wrong */
export function promtool(args: readonly string[], input?: string): string | undefined {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  return status === 0 ? undefined : `${stdout}${stderr}`.trim();
}

/** @throws UsageError when Prometheus and promtool are not installed */
export function requirePrometheus(): void {
  for (const tool of ['prometheus', 'promtool']) {
    if (spawnSync(tool, ['--version']).status === 0) continue;
    throw new UsageError(
      `${tool} is not installed; on Debian: apt-get install prometheus; else put the programs of Prometheus's release into PATH`,
    );
  }
}
