/** The program {@code llava4j}: the commands of all modules as subcommands, with help, completion and logging. */
package org.llava4j.dist;
