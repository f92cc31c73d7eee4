/** What a lock timeout would have found out. It passes, as a lock timeout does. */
export class TableInUse extends Error {
  override readonly name = 'TableInUse';
  readonly code = '55P03';
}
