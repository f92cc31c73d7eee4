import { expect, test } from '@jest/globals';
import { schedule } from '../../../client/doctor/temporal';
import { footer } from '../../../client/status/footer';

const NEXT = /next check \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S+/;

function shown(secondsAgo: number) {
  const next = new Date(Date.now() - secondsAgo * 1_000);
  const state = { schedule: { paused: false, note: null, next } };
  const whole = { ...state, run: null, pending: new Map(), workers: ['1@vm'] };
  return { line: footer(whole as never), finding: schedule(state) };
}

test('a check that is some seconds late is nothing', () => {
  const { line, finding } = shown(30);
  expect(line).toMatch(new RegExp(`no run is going · ${NEXT.source} · worker 1@vm`));
  expect(finding).toMatchObject({ state: 'ok' });
});

test('a check that is long overdue shows in status, and doctor says why and what to do', () => {
  const { line, finding } = shown(90);
  expect(line).toMatch(new RegExp(`${NEXT.source}, overdue: npx lrm doctor says more`));
  expect(finding).toMatchObject({
    state: 'warning',
    message: expect.stringMatching(/is overdue: Temporal's timers stand still, as after its clock/),
    next: "restart Temporal's server; still overdue after that: npx lrm run --inline",
  });
});
