package org.llava4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.util.List;
import java.util.Objects;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.ChatMessages;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;

/** Maps LangChain4j's messages to {@link ChatMessages}. */
final class ConversationMapper {
    private final ImageContents contents;
    private final ChatMessages messages = new ChatMessages();

    private ConversationMapper(LlavaModel model) {
        contents = new ImageContents(model);
    }

    /**
     * Maps messages.
     *
     * @throws UnsupportedFeatureException if a message has other contents than text and images
     * @throws InvalidRequestException if the first message after the system prompt is not the user's, or a text has an image
     *     placeholder
     * @throws org.llava4j.data.BadInputException if an image is not valid
     */
    static GenerationRequest map(List<ChatMessage> messages, LlavaModel model) {
        ConversationMapper conversation = new ConversationMapper(model);
        messages.forEach(conversation::add);
        return conversation.build();
    }

    private void add(ChatMessage message) {
        if (message instanceof SystemMessage text) {
            messages.addSystem(text.text());
        } else if (message instanceof UserMessage user) {
            StringBuilder text = new StringBuilder();
            user.contents().forEach(content -> text.append(part(content)));
            messages.addUser(text.toString());
        } else if (message instanceof AiMessage answer
                && !answer.hasToolExecutionRequests()
                && answer.images().isEmpty()) {
            messages.addAssistant(Objects.requireNonNullElse(answer.text(), ""));
        } else {
            throw new UnsupportedFeatureException("messages of the type " + message.type()
                    + (message instanceof AiMessage ? " with tool requests or images" : "") + " are not supported");
        }
    }

    private String part(Content content) {
        if (content instanceof TextContent text) {
            if (text.text().contains(LlamaTokenizer.IMAGE_TEXT)) {
                throw new InvalidRequestException("a user message contains the placeholder " + LlamaTokenizer.IMAGE_TEXT
                        + "; send ImageContent instead");
            }
            return text.text();
        }
        if (content instanceof ImageContent image) {
            messages.addImage(contents.load(image.image(), "image " + (messages.imageCount() + 1)));
            return LlamaTokenizer.IMAGE_TEXT + "\n";
        }
        throw new UnsupportedFeatureException("contents of the type " + content.type() + " are not supported");
    }

    private GenerationRequest build() {
        if (!messages.beginWithUser()) {
            throw new InvalidRequestException("the first message after the system message must be a UserMessage");
        }
        return messages.request(false);
    }
}
