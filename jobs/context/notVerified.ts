/** verify() found rows that are not done, or did not say whether there are any. */
export class NotVerified extends Error {
  override readonly name = 'NotVerified';
}
