export const PROGRAM = ''
export const VERSION = '0.0.0'
