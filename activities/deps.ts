import type { Logger } from 'pino';
import type { SpareThread } from './attempt/threads';
import type { OwnDatabase } from './database';
import type { Settings } from './settings';

/** What the activities work with; worker/ puts it together. */
export interface Deps {
  readonly db: OwnDatabase;
  readonly settings: Settings;
  readonly log: Logger;
  /** Where attempts' threads come from. */
  readonly threads: SpareThread;
  /** This worker's identity, as Temporal shows it: pid@host. */
  readonly identity: string;
  /** A thread can't be ended: the process has to end soon. */
  onStuckThread(migration: string): void;
}
