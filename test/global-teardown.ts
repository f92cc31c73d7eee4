/** Stops what globalSetup started; its folder goes with it. */
export default async function teardown(): Promise<void> {
  await globalThis.testServersProcess?.stop();
}
