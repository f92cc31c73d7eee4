import fc from 'fast-check';

/** What the key types need in a database. */
export const SETUP = `
  create schema extensions;
  create extension citext schema extensions;
  create extension hstore schema extensions;
  create extension ltree schema extensions;
  create extension seg schema extensions;
  create extension cube schema extensions;
  create schema "Odd, ""Schema""";
  create collation case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  create collation accent_blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
  create collation by_number (provider = icu, locale = 'und-u-kn-true');
  create collation blanks_last (provider = icu, locale = 'de-DE-u-ka-shifted', deterministic = false);
  create type "Odd, ""Schema"""."Mood" as enum ('z', 'a', 'it''s "odd"', '', '(,)');
  create domain above_zero as integer check (value > 0);
  create domain code as varchar(6) collate "de-x-icu";
  create domain code_of_code as code check (value <> 'never');
  create domain numbers as integer[];
  create type pair as (n numeric, t text, d timestamptz);
  create type nested as (p pair, m "Odd, ""Schema"""."Mood");
  create domain a_mood as "Odd, ""Schema"""."Mood";
  create domain a_pair as pair;
  create domain a_range as int4range check (value <> 'empty');
  create type floats as range (subtype = float8);
  create type texts as range (subtype = text, collation = "C");`;

const anyText = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom(
      ...['', ' ', 'a', 'A', 'ä', 'a\u0308', 'ß', 'ss', 'I', 'ı', '9', '10', '09', '0010'],
      ...[
        'NULL',
        'null',
        '{}',
        '"',
        '\\',
        '\\N',
        "'",
        '$1',
        '%',
        '\n',
        '\t',
        '\u0001',
        'a-b',
        'a b',
      ],
      ...[
        '\uFFFD',
        '\uFFFF',
        '\u{10FFFF}',
        '\u200D',
        '\u202E',
        '\uFEFF',
        'e\u0301',
        'x'.repeat(20_000),
      ],
    ),
  )
  .map((value) => value.replaceAll('\0', '').toWellFormed());
const shortText = anyText.map((value) => [...value].slice(0, 6).join(''));

const MICROS_OF_A_DAY = 86_400_000_000n;
const iso = (micros: bigint) => {
  const seconds = new Date(Number(micros / 1_000n)).toISOString().slice(0, 20);
  return `${seconds}${String(((micros % 1_000_000n) + 1_000_000n) % 1_000_000n).padStart(6, '0')}`;
};
const times = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }).map(iso);
const timestamps = fc.oneof(
  times,
  fc.constantFrom('infinity', '-infinity', '0001-01-01 00:00:00 BC', '4714-11-24 00:00:00 BC'),
  fc.constantFrom(
    '294276-12-31 23:59:59.999999',
    '1883-11-18 12:00:00',
    '1900-01-01 00:00:00.000001',
  ),
);
const dates = fc.oneof(
  fc.integer({ min: 0, max: 5_000_000 }).map((day) => `J${day}`),
  fc.constantFrom('infinity', '-infinity', '0044-03-15 BC', '5874897-12-31', '4714-11-24 BC'),
);
const clock = fc
  .bigInt({ min: 0n, max: MICROS_OF_A_DAY - 1n })
  .map((micros) => iso(micros).slice(11));
const zone = fc.constantFrom('+00', '+05:30', '-15:59:59', '+15:59', '-08');
const integers = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)));
const bigints = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const decimals = fc.oneof(
  fc.tuple(fc.bigInt(), fc.nat(30)).map(([n, scale]) => `${n}e-${scale}`),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '0.000', '-0', '1', '1.0', '1.00'),
  fc.constantFrom('1e131071', '-1e131071', '1e-16383', '123.4500', '9007199254740993'),
);
const doubles = fc.oneof(
  fc.double({ noNaN: false }).map((n) => (Object.is(n, -0) ? '-0' : `${n}`)),
  fc.constantFrom(
    '-0',
    '0',
    '4.9e-324',
    '-4.9e-324',
    '2.2250738585072014e-308',
    '0.30000000000000004',
  ),
);
const floats = fc.oneof(
  fc.float({ noNaN: false }).map((n) => (Object.is(n, -0) ? '-0' : `${n}`)),
  fc.constantFrom('-0', '0', '1e-45', '16777217', '0.1'),
);
const intervals = fc.oneof(
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -999, max: 999 }), fc.integer())
    .map(([months, days, micros]) => `${months} mon ${days} day ${micros} microseconds`),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '1 mon',
    '30 days',
    '720:00:00',
    '-1 year',
    '1 day -1 s',
  ),
  fc.constantFrom('178000000 years', '-178000000 years', '-1 mon 1 day', '00:00:00'),
);
const bytes = fc
  .uint8Array({ maxLength: 8 })
  .map((all) => `\\x${Buffer.from(all).toString('hex')}`);
const bits = (most: number) =>
  fc.string({ unit: fc.constantFrom('0', '1'), minLength: 0, maxLength: most });
const addresses = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((ip) => !ip.includes('.')),
    ),
    fc.nat(32),
  )
  .map(([ip, length]) => `${ip}/${length}`);
const macs = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((all) => Buffer.from(all).toString('hex'));
const quoted = (text: string | null) =>
  text === null ? '' : `"${text.replace(/["\\]/g, (found) => `\\${found}`)}"`;
const literal = (elements: readonly (string | null)[]) =>
  `{${elements.map((each) => (each === null ? 'NULL' : quoted(each))).join()}}`;
const listOf = (elements: fc.Arbitrary<string>) =>
  fc.array(fc.option(elements, { freq: 6 }), { maxLength: 3 }).map(literal);
const moods = fc.constantFrom('z', 'a', 'it\'s "odd"', '', '(,)');
const pairs = fc
  .tuple(fc.option(decimals), fc.option(shortText), fc.option(timestamps))
  .map((fields) => `(${fields.map(quoted).join()})`);
/** Bounds in the wrong order are refused, so one of two ways to write them fits. */
const rangeOf = (bounds: fc.Arbitrary<string | number>) =>
  fc.oneof(
    fc.constant('empty'),
    fc
      .tuple(fc.constantFrom('[', '('), fc.option(bounds), fc.constantFrom(']', ')'))
      .map(([open, bound, close]) => `${open}${bound === null ? '' : quoted(`${bound}`)},${close}`),
    fc.option(bounds).map((bound) => `(,${bound === null ? '' : quoted(`${bound}`)}]`),
  );

const words = fc.array(fc.constantFrom('a', 'b', "it''s", '日本', 'x y'), { maxLength: 4 });

/** Keys of each type that Postgres can order, as text: what is not legal is left out of the table. */
export const keyTypes: Readonly<Record<string, fc.Arbitrary<string>>> = {
  smallint: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  integer: integers.map(String),
  bigint: bigints.map(String),
  numeric: decimals,
  'numeric(20,3)': fc.integer().map((n) => `${n / 1000}`),
  real: floats,
  'double precision': doubles,
  money: fc.oneof(
    fc.integer().map((n) => `${n / 100}`),
    fc.constantFrom('-92233720368547758.08'),
  ),
  text: anyText,
  'text collate "C"': anyText,
  'text collate "ucs_basic"': anyText,
  'text collate "en-x-icu"': anyText,
  'text collate "de-x-icu"': anyText,
  'text collate case_blind': anyText,
  'text collate accent_blind': anyText,
  'text collate by_number': anyText,
  'text collate blanks_last': anyText,
  'extensions.citext': anyText,
  'character(6)': shortText,
  'character(6) collate case_blind': shortText,
  'varchar(6) collate "de-x-icu"': shortText,
  name: shortText,
  '"char"': fc.oneof(fc.constantFrom('', 'a', '\\200', '\\377', '\\001', '"')),
  bytea: bytes,
  uuid: fc.uuid(),
  date: dates,
  timestamp: timestamps,
  timestamptz: timestamps,
  'timestamptz(3)': times,
  time: fc.oneof(clock, fc.constant('24:00:00')),
  timetz: fc.tuple(fc.oneof(clock, fc.constant('24:00:00')), zone).map((parts) => parts.join('')),
  interval: intervals,
  'interval day to second': intervals,
  inet: addresses,
  cidr: addresses.map((text) => text.replace(/\/.*/, '/32')),
  macaddr: macs(6),
  macaddr8: macs(8),
  boolean: fc.boolean().map(String),
  '"Odd, ""Schema"""."Mood"': moods,
  above_zero: fc.integer({ min: 1 }).map(String),
  code: shortText,
  'code collate case_blind': shortText,
  code_of_code: shortText,
  a_mood: moods,
  a_pair: pairs,
  a_range: rangeOf(fc.integer()),
  numbers: listOf(integers.map(String)),
  int4range: rangeOf(fc.integer()),
  numrange: rangeOf(decimals),
  tstzrange: rangeOf(timestamps),
  daterange: rangeOf(dates),
  floats: rangeOf(doubles),
  texts: rangeOf(shortText),
  int8multirange: fc
    .array(rangeOf(bigints.map(String)), { maxLength: 3 })
    .map((all) => `{${all.join()}}`),
  'integer[]': listOf(integers.map(String)),
  'text[]': listOf(anyText),
  'text[] collate case_blind': listOf(anyText),
  'timestamptz[]': listOf(timestamps),
  'pair[]': listOf(pairs),
  pair: pairs,
  nested: fc.tuple(pairs, moods).map((fields) => `(${fields.map(quoted).join()})`),
  'bit(5)': bits(5).map((text) => text.padEnd(5, '0')),
  varbit: bits(12),
  oid: fc.nat().map(String),
  oidvector: fc.array(fc.nat(), { maxLength: 3 }).map((all) => all.join(' ')),
  pg_lsn: fc.tuple(fc.nat(), fc.nat()).map((all) => all.map((n) => n.toString(16)).join('/')),
  xid8: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  tid: fc.tuple(fc.nat(), fc.nat(65_535)).map((all) => `(${all.join()})`),
  tsvector: words.map((all) => all.map((word) => `'${word}':${word.length}A`).join(' ')),
  tsquery: words.map((all) => all.map((word) => `'${word}'`).join(' & ')),
  jsonb: fc.oneof(
    fc.json({ maxDepth: 2 }).filter((text) => !text.includes('\\u')),
    fc.constantFrom('1', '1.0', '1.00', 'null', '""', '{}', '[]', '{"b":1,"a":2}', '1e400'),
  ),
  'extensions.hstore': words.map((all) => all.map((word, i) => `"${word}"=>"${i}"`).join()),
  'extensions.ltree': fc
    .array(fc.constantFrom('a', 'b', 'c1'), { maxLength: 4 })
    .map((all) => all.join('.')),
  'extensions.seg': fc
    .tuple(fc.nat(99), fc.nat(99))
    .map(([a, b]) => `${a / 10} .. ${(a + b) / 10}`),
  'extensions.cube': fc
    .array(doubles, { minLength: 1, maxLength: 3 })
    .map((all) => `(${all.join()})`),
};
