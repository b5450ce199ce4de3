/**
 * LangChain4j's chat models on a {@link org.llava4j.model.chat.LlavaModel} of the same JVM:
 * {@link org.llava4j.langchain4j.LlavaChatModel} and {@link org.llava4j.langchain4j.LlavaStreamingChatModel}.
 */
@NullMarked
package org.llava4j.langchain4j;

import org.jspecify.annotations.NullMarked;
