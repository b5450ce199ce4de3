/**
 * Files and JSON of commands: input files with one-line error messages, atomic output folders that never overwrite files
 * of users, content hashes and fingerprints of results.
 */
package org.llava4j.data;
