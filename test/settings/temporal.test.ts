import { expect, test } from '@jest/globals';
import { temporalConfig } from '../../settings/temporal';

const none = '/nonexistent/temporal.toml';

test.each(['TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY'])(
  '%s with characters that gRPC cannot send is refused, and not quoted',
  (name) => {
    const problems: string[] = [];
    temporalConfig({ TEMPORAL_CONFIG_FILE: none, [name]: 'schlüssel' }, undefined, problems);
    expect(problems).toEqual([
      `${name}: has characters that no header of gRPC can have; write ASCII only`,
    ]);
  },
);
