export { type Config, defineConfig, type Registrations } from '../settings/config';
export type {
  Batch,
  BatchOptions,
  Columns,
  Database,
  EachItemOptions,
  IndexOptions,
  JobContext,
  JobOptions,
  Log,
  Sql,
  StepOptions,
  Transaction,
} from './context/index';
export { defineJob, type Job } from './defineJob';
