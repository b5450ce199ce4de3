/**
 * Chat with a model: {@link org.llava4j.model.chat.LlavaModel} loads a model folder and answers
 * {@link org.llava4j.model.chat.GenerationRequest}s, {@link org.llava4j.model.chat.Chat} keeps the history of a
 * conversation, and {@code AnswerStreamer} streams the answer's text. Package {@code generate}
 * generates the tokens.
 */
package org.llava4j.model.chat;
