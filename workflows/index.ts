export { executeLongRunningMigrations } from './executeLongRunningMigrations';
export { tickLongRunningMigrations } from './tickLongRunningMigrations';
