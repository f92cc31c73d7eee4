export { type Config, defineConfig, type Registrations } from '../settings/config';
export type {
  Batch,
  BatchOptions,
  Columns,
  Database,
  EachItemOptions,
  JobContext,
  JobOptions,
  Log,
  MapOptions,
  Sql,
  Transaction,
} from './context/index';
export { defineJob, type Job } from './defineJob';
export type {
  OutputOf,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './standardSchema';
