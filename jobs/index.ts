export { type Config, defineConfig, type Registrations } from '../settings/config';
export { BadRow } from './context/badRow';
export type {
  Batch,
  BatchOptions,
  Columns,
  Database,
  EachItemOptions,
  EachRowOptions,
  GroupOptions,
  IndexOptions,
  JobContext,
  JobOptions,
  Log,
  MapOptions,
  ReadyContext,
  Sql,
  StepOptions,
  Transaction,
  VerifyContext,
} from './context/index';
export { type DependsOn, defineJob, type Job } from './defineJob';
export type {
  OutputOf,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './standardSchema';
