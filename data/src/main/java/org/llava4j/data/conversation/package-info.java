/**
 * Conversations about images: turns, conversation (chat) templates, and the token ids and labels made of them. T is the
 * number of tokens of one sample.
 */
package org.llava4j.data.conversation;
