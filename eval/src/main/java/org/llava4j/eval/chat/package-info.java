/** A conversation at the terminal. */
package org.llava4j.eval.chat;
