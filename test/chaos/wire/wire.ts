/** Where one client reaches one server. Faults of the network are made here. */
export interface Wire {
  /** 'host:port' for the client. It stays the same. */
  readonly address: string;
  /** From now on connects to this 'host:port'. Ends the connections to the one before. */
  retarget(server: string): void;
  /** Ends all connections at once (RST). New ones are accepted. */
  cut(): void;
  /** From now on passes nothing on, in neither direction, without closing a connection. */
  blackHole(): void;
  /** Delays everything by so much from now on. Milliseconds; 0: no delay. */
  delay(milliseconds: number): void;
  /** From now on refuses connections, and ends the open ones. */
  refuse(): void;
  /** Ends all of the above. What a black hole has swallowed is lost: its connections are ended. */
  mend(): void;
  close(): Promise<void>;
}
