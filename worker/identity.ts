import { hostname } from 'node:os';

/** Identity of this process, as Temporal and the rows of attempts show it. */
export const identity = (): string => `${process.pid}@${hostname()}`;
