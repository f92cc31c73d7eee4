/** Temporal can't be reached. The message is one sentence that names the address. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/** Temporal answers, but does not let us in. The message is one sentence that names the address. */
export class TemporalRefused extends Error {
  override readonly name = 'TemporalRefused';
}
