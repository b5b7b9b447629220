/** Project of a canonical cluster name, `projects/P/locations/L/clusters/C`. */
export const projectOf = (cluster: string): string => cluster.split('/')[1] ?? '';
