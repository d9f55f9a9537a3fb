// The launcher as everything in tools/ uses it. It lives in libs/testing, so that the test harness can use it too: docs/adr/0002.
export * from '../../libs/testing/nats-launcher/index.mjs';
