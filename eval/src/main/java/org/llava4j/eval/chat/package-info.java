/** Interactive chat in the terminal. */
package org.llava4j.eval.chat;
