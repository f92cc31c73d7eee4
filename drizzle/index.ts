export {
  type Attempt,
  type AttemptOutcome,
  attemptOutcome,
  attempts,
  finishedRanges,
  type Migration,
  type MigrationStatus,
  migrationStatus,
  migrations,
  type OperatorRequest,
  operatorRequest,
  walks,
} from './schema';
