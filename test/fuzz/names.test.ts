import fc from 'fast-check';
import { useDevServers } from '../support/devServers';
import { fuzz } from './fuzz';
import { useLrm } from './lrm/lrm';
import { wellBehaved } from './lrm/wellBehaved';
import { nastyText } from './rows/handWritten';

const servers = useDevServers();
const commandLine = useLrm();

/** What an operator, a script or an attacker may type for a name. */
const names = fc.oneof(
  nastyText,
  fc.constantFrom(
    ...[
      '../0001_x',
      '/etc/passwd',
      '0001_x',
      '0001_x:',
      ':',
      '0001_x:a:b',
      '0001_X',
      '1',
      '99999',
      '-1',
    ],
    ...[
      '--',
      '-',
      '--yes',
      '0001_x:../..',
      'a'.repeat(10_000),
      '0001_' + 'é',
      '%00',
      '${x}',
      '*',
      '0001_*',
    ],
  ),
);

const COMMANDS = [
  ...[
    'status',
    'register',
    'unregister',
    'dry-run',
    'skipped',
    'pause',
    'resume',
    'cancel',
    'retry',
  ],
  ...[
    'revert',
    'check',
    'finalize',
    'schedule',
    'deploy',
    'grants',
    'completion',
    'doctor',
    'xyz',
    '',
  ],
];
const OPTIONS = [
  ...[
    '--json',
    '--reason',
    '--input',
    '--from-start',
    '--yes',
    '--timeout',
    '--inline',
    '--help',
    '--skipped',
  ],
  ...['--dormant', '--interval', '--accept', '--forward', '--no-such-option', '--job-role', '-v'],
];

const typed = fc
  .tuple(
    fc.constantFrom(...COMMANDS),
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: names },
        { weight: 1, arbitrary: fc.constantFrom(...OPTIONS) },
      ),
      {
        maxLength: 4,
      },
    ),
  )
  .map(([command, rest]) => [command, ...rest]);

fuzz(
  'whatever is typed behind lrm, it ends with 0, 1 or 2 and says why',
  60,
  typed,
  async (args) => {
    wellBehaved(args, await commandLine.run(servers.env(), args));
  },
);

const SECRET = 'tops3cretPassw0rd';
const SETTINGS = [
  ...['DATABASE_URL', 'LRM_JOB_DATABASE_URL', 'LRM_SCHEMA', 'LRM_JOBS_DIR', 'LRM_START_TO_CLOSE'],
  ...['LRM_HEARTBEAT_TIMEOUT', 'LRM_MAX_CONCURRENT', 'LRM_MAX_FAILURES', 'LRM_MEMORY_LIMIT_MB'],
  ...['LRM_RETRY_INITIAL_INTERVAL', 'LRM_PAYLOAD_KEYS', 'LRM_METRICS_ADDRESS', 'LRM_HEALTH_PORT'],
  ...[
    'LRM_DATABASES',
    'LRM_DEPLOYMENT',
    'LRM_BUILD_ID',
    'LRM_JOB_ENV',
    'LRM_CODEC_TOKEN',
    'LRM_MAX_CONCURENT',
  ],
  ...[
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'TEMPORAL_API_KEY',
    'TEMPORAL_TLS',
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
  ],
  ...[
    'TEMPORAL_CONFIG_FILE',
    'TEMPORAL_PROFILE',
    'TEMPORAL_TLS_CLIENT_KEY_DATA',
    'TEMPORAL_GRPC_META_X',
  ],
];
const values = fc.oneof(
  nastyText,
  fc.constantFrom(
    ...[
      '-1',
      '0',
      '1e9',
      'NaN',
      'Infinity',
      '1.5',
      '99999999999999999999',
      'true',
      'null',
      '[]',
      '{}',
    ],
    ...[
      '1 second',
      '-5 minutes',
      '1 fortnight',
      '/dev/null',
      '/',
      '..',
      'localhost',
      ':0',
      '127.0.0.1:1',
    ],
    ...[
      `postgres://u:${SECRET}@127.0.0.1:1/x`,
      `postgres://u:${SECRET}@[::1/x`,
      `postgres://u:${SECRET}@`,
    ],
    ...[
      `postgres:///x?password=${SECRET}`,
      `postgres://u:${SECRET}%zz@127.0.0.1:1/x`,
      `mysql://u:${SECRET}@h/x`,
    ],
    ...[
      `postgres://u:${SECRET}@127.0.0.1:99999/x`,
      `postgres://u:${SECRET}@127.0.0.1:1/x?sslmode=odd`,
    ],
  ),
);
const settings = fc.dictionary(fc.constantFrom(...SETTINGS), values, { minKeys: 1, maxKeys: 3 });
const shown = fc.constantFrom(
  ...[
    ['status'],
    ['status', '--json'],
    ['check'],
    ['doctor'],
    ['register', '0001_x'],
    ['pause', '0001_x'],
  ],
  ...[['schedule'], ['migrate'], ['grants']],
);

fuzz(
  'whatever the settings are, lrm ends with 0, 1 or 2, says why, and shows no secret',
  40,
  fc.tuple(settings, shown),
  async ([env, args]) => {
    wellBehaved(args, await commandLine.run(servers.env(env), args), [SECRET]);
  },
);
