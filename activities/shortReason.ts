/** Reasons are shown in tables, and a run keeps up to a hundred of them. Characters. */
const REASON_AT_MOST = 400;

/** Cuts a reason why a migration is not started. The beginning says enough. */
export const shortReason = (reason: string): string =>
  reason.length > REASON_AT_MOST
    ? `${reason.slice(0, REASON_AT_MOST - 1)}…`.toWellFormed()
    : reason;
