/** Writes a line, with or without fields. */
interface Write {
  (fields: object, message: string): void;
  (message: string): void;
}

/** Where the worker and the activities write. pino's loggers fit. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** The same log, which adds these fields to each line. */
  child(fields: object): Log;
}
