// Options of the commands in tools/, read by Node's own parser, with an error that says what to do.
import { parseArgs } from 'node:util';

/** @param {string} usage printed with every error, and alone for --help */
export const readArguments = (usage, options) => {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } }, strict: true });
    if (!values.help) return values;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(64);
  }
};

/** A whole number of at least `least`, or an error that ends the command. */
export const wholeNumber = (name, text, least = 0) => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`--${name} takes a whole number of at least ${least}, not ${JSON.stringify(text)}`);
  process.exit(64);
};
