export const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
