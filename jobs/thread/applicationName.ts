/** Marks an attempt's sessions in pg_stat_activity, so that they can be ended by name. */
export function applicationName(attemptId: bigint): string {
  return `lrm:${attemptId}`;
}
