/**
 * Conversations about images: turns, the text a template makes of them, and the ids and labels a model learns from.
 * T is the number of tokens of one sample.
 */
package org.llava4j.data.conversation;
