import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { errorText } from '../../../activities/attempt/errorText';
import { decide } from '../../../activities/attempt/retryOrFail';
import { describeError } from '../../../jobs/process/describeError';
import { objectsOf } from '../../../jobs/process/objects';
import { EMAIL, outcomeOf } from './provocations';

test('objects are named in the languages of the server, too', async () => {
  const languages = [
    ['42703', 'la colonne p.nme n’existe pas', 'p.nme'],
    ['42703', 'Spalte »nme« existiert nicht', undefined],
    ['42P01', 'la relación "nowhere" no existe', 'nowhere'],
    ['42883', 'la fonction lowr(text) n’existe pas', 'lowr(text)'],
    ['42883', 'Operator existiert nicht: text + integer', 'text + integer'],
    ['42501', 'droit refusé pour la table people', 'people'],
  ] as const;
  for (const [code, message, names] of languages) {
    const fields = { code, message, position: '8', query: undefined, routine: undefined };
    expect(objectsOf(fields)).toBe(names);
  }
});

test.each([
  [
    () => load("Promise.resolve().then(() => require('no-such-package'))"),
    /^Error: Cannot find module 'no-such-package'.*\(MODULE_NOT_FOUND\)/,
  ],
  [
    () => load("import('no-such-package')"),
    /^Error: Cannot find package 'no-such-package'.*\(ERR_MODULE_NOT_FOUND\)/,
  ],
  [
    () => load("import('file:///no/such.mjs')"),
    /^Error: Cannot find module '\/no\/such\.mjs'.*\(ERR_MODULE_NOT_FOUND\)/,
  ],
])('a module that cannot be found is named (%#)', async (provoke, text) => {
  const { text: said } = await outcomeOf(provoke);
  expect(said).toMatch(text);
  expect(said).not.toContain('\n');
});

/** Runs in Node, since jest replaces import(). Throws an error with the same message and code. */
function load(expression: string): never {
  const script = `${expression}.catch(({ message, code }) => console.log(JSON.stringify({ message, code })))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const { message, code } = JSON.parse(stdout);
  throw Object.assign(new Error(message), { code });
}

describe('retry or fail: a thrown value that is not an Error gets a useful text', () => {
  const trap = Object.defineProperty(new Error('x'), 'message', {
    get: () => {
      throw new Error('in a getter');
    },
  });
  const proxy = new Proxy(
    {},
    {
      get: () => {
        throw new Error('in a proxy');
      },
      ownKeys: () => {
        throw new Error('in a proxy');
      },
    },
  );

  test.each([
    [undefined, 'threw a value that is not an Error: undefined'],
    [null, 'threw a value that is not an Error: null'],
    ['out of luck', 'threw a value that is not an Error: out of luck'],
    [7, 'threw a value that is not an Error: number'],
    [{ email: EMAIL, id: 1 }, 'threw a value that is not an Error: an object with email, id'],
    [trap, /^Error( at .*)?$/],
    [proxy, 'threw a value that is not an Error: object'],
    [new Error(`${'x'.repeat(5000)}`), /^Error: x{900,}… at/],
    [new Error('a\0b'), /^Error: ab at/],
  ])('%#', async (thrown, text) => {
    const error = describeError(thrown);
    expect(decide('run', error)).toBe('unknown');
    const said = errorText('run', error);
    if (typeof text === 'string') expect(said).toBe(text);
    else expect(said).toMatch(text);
    expect(said).not.toContain('alice');
  });
});
