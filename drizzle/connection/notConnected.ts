/**
 * No session with Postgres, for a reason that is not the server's own error. The message is one
 * sentence for an operator, with the setting that holds the URL. It has no part of the URL but hosts,
 * user and files.
 */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
  /**
   * @param message with the host and what to change
   * @param code Node's or OpenSSL's, where there is one
   */
  constructor(
    message: string,
    readonly code: string = 'NOT_CONNECTED',
  ) {
    super(message);
  }
}
