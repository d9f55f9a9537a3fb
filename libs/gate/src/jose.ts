let loading: Promise<typeof import('jose')> | undefined;

/**
 * jose, loaded at first use: it is an ES module, and the CommonJS build of this package must load
 * where `require` of one does not work, such as in a CommonJS jest.
 */
export const loadJose = (): Promise<typeof import('jose')> => (loading ??= import('jose'));
