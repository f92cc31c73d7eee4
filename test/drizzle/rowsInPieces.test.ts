import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import postgres from 'postgres';
import { useDatabase } from '../support/database';

const database = useDatabase({ empty: true });

/** Gives what it receives in pieces of at most `bytes`, however the network has cut it. */
class InPieces extends Socket {
  constructor(private readonly bytes: number) {
    super();
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const [given] = args;
    if (event !== 'data' || !Buffer.isBuffer(given)) return super.emit(event, ...args);
    for (let at = 0; at < given.length; at += this.bytes) {
      super.emit('data', given.subarray(at, at + this.bytes));
    }
    return true;
  }
}

const connectInPieces = (bytes: number) => {
  const url = new URL(database.databaseUrl);
  return postgres(database.databaseUrl, {
    max: 1,
    // The driver's types don't know this option: https://github.com/porsager/postgres#custom-socket.
    socket: async () => {
      const socket = new InPieces(bytes).connect(Number(url.port), url.hostname);
      await once(socket, 'connect');
      return socket;
    },
  } as object);
};

const ROWS = `
  select i, repeat('ä€😀"', i % 40) as text, case when i % 3 > 0 then i % 2 = 0 end as truth,
    i::numeric / 7 as number, array[i, null, -i] as list, decode(lpad(to_hex(i), 8, '0'), 'hex') as bytes,
    null::text as nothing, '' as empty, jsonb_build_object('i', i) as json,
    case when i % 50 = 0 then repeat('long ', 30000) end as long
  from generate_series(1, 200) i`;

test.each([1, 2, 3, 5, 7, 64, 1_000, 65_536])(
  'the driver reads rows that arrive in pieces of %d bytes',
  async (bytes) => {
    const whole = await database.sql.unsafe(ROWS);
    const sql = connectInPieces(bytes);
    try {
      expect([...(await sql.unsafe(ROWS))]).toEqual([...whole]);
      // Several results at once, and rows in portions.
      const both = await sql.unsafe("select 1 as a; select 'ä' as b, 'c' as c").simple();
      expect(both.map((result) => [...result])).toEqual([[{ a: 1 }], [{ b: 'ä', c: 'c' }]]);
      const some: unknown[] = [];
      await sql.unsafe(ROWS).cursor(60, (rows) => void some.push(...rows));
      expect(some).toEqual([...whole]);
      expect((await sql.unsafe('select 1 as a, null as b').values())[0]).toEqual([1, null]);
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
);

test('the result after an error between two rows begins with its own first row', async () => {
  const sql = connectInPieces(65_536);
  try {
    const failing = sql.unsafe('select 1 / (3 - i) as n from generate_series(1, 5) i');
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect([...(await sql.unsafe('select 1 as a'))]).toEqual([{ a: 1 }]);
  } finally {
    await sql.end({ timeout: 1 });
  }
});
