import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';

const servers = useDevServers();

test('lrm status, run and doctor say that a workflow of another type has the ID of the run', async () => {
  const other = await servers.client.workflow.start('\u001b[31mnightly', {
    workflowId: 'long-running-migrations',
    taskQueue: 'long-running-migrations',
  });
  const said =
    /a workflow of another type, '\S*nightly', has the ID of the run, so no run can start\. To end it: temporal workflow terminate --workflow-id long-running-migrations, then npx lrm run/;
  expect((await servers.lrm('status')).stderr).toMatch(said);
  const doctor = await servers.lrm('doctor');
  expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(said) });
  expect(doctor.stdout).not.toContain('\u001b[31m');
  const run = await servers.lrm('run');
  expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
  await other.terminate();
});
