import type { temporal } from '@temporalio/proto';
import type { Version } from '../../jobs/buildId';
import { plainText } from '../../settings/plainText';

/** Versions of the workers at the task queue. Null stands for workers without a version. */
export interface Versions {
  /** The one that gets the work. */
  readonly current: Version | null;
  /** Gets a share of the work, as an operator has said in Temporal. Undefined: there is none. */
  readonly ramping: Version | undefined;
  /** Each version that has polled in the last minutes, once. */
  readonly polling: readonly (Version | null)[];
}

type Described = temporal.api.workflowservice.v1.IDescribeTaskQueueResponse;
type Poller = temporal.api.taskqueue.v1.IPollerInfo;

/** The value of Temporal's enum WorkerVersioningMode. */
const VERSIONED = 2;

/** Reads the versions from the description of a task queue. */
export function readVersions({ pollers, versioningInfo }: Described): Versions {
  const polling = new Map((pollers ?? []).map(pollingVersion).map((each) => [text(each), each]));
  return {
    current: version(versioningInfo?.currentDeploymentVersion) ?? null,
    ramping: version(versioningInfo?.rampingDeploymentVersion),
    polling: [...polling.values()],
  };
}

/** The version that a worker polls for. */
export const pollingVersion = ({ deploymentOptions }: Poller): Version | null =>
  Number(deploymentOptions?.workerVersioningMode) === VERSIONED
    ? (version(deploymentOptions) ?? null)
    : null;

/**
 * Why the workers that poll get nothing, and what to type. Null when one of them gets the work, or
 * none polls at all.
 */
export function versionTrouble({ current, ramping, polling }: Versions): string | null {
  if (polling.length === 0) return null;
  const working = [text(current), ...(ramping ? [text(ramping)] : [])];
  if (polling.some((each) => working.includes(text(each)))) return null;
  const those = `the workers that poll (${polling.map(text).join(', ')}) get no work, because`;
  const waiting = polling.find((each) => each !== null);
  if (!waiting) {
    return `${those} only version ${text(current)} does: set LRM_DEPLOYMENT for them, or start workers of that version`;
  }
  return `${those} ${current ? `version ${text(current)} is current` : 'no version is current'}: npx lrm deploy`;
}

export const isVersion = (version: Version | null, other: Version): boolean =>
  version?.deploymentName === other.deploymentName && version.buildId === other.buildId;

/** 'orders 0.2.0-3f2a9c1d77b0', as all screens show a version. */
export const text = (version: Version | null): string =>
  version ? plainText(`${version.deploymentName} ${version.buildId}`) : 'without a version';

function version(
  found: { deploymentName?: string | null; buildId?: string | null } | null | undefined,
): Version | undefined {
  const { deploymentName, buildId } = found ?? {};
  return deploymentName && buildId ? { deploymentName, buildId } : undefined;
}
