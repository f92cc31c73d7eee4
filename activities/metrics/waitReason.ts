/** Why an attempt waits, as a label: there must be few of them. */
export type WaitReason =
  | 'replica_lag'
  | 'wal_archiving'
  | 'replication_slot'
  | 'wraparound_vacuum'
  | 'older_sessions'
  | 'check';

/** What our own texts begin with. Anything else comes from a job's own `check`, and may say anything. */
const BEGINNINGS: readonly (readonly [string, WaitReason])[] = [
  ['replica ', 'replica_lag'],
  ['WAL archiving is ', 'wal_archiving'],
  ['replication slot ', 'replication_slot'],
  ['autovacuum works on ', 'wraparound_vacuum'],
  ['waits for session', 'older_sessions'],
];

/** The kind of a reason to wait. A check's text that begins like ours counts as ours. */
export function waitReason(text: string): WaitReason {
  return BEGINNINGS.find(([beginning]) => text.startsWith(beginning))?.[1] ?? 'check';
}
