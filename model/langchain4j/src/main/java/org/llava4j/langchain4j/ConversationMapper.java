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
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;

/**
 * Maps messages to a conversation. Consecutive messages of one role are one turn, joined by a line break; a last message of
 * the assistant is continued.
 */
final class ConversationMapper {
    private final ImageContents contents;
    private final List<Turn> turns = new ArrayList<>();
    private final List<ImageRef> images = new ArrayList<>();
    private final List<String> system = new ArrayList<>();

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
            system.add(text.text());
        } else if (message instanceof UserMessage user) {
            StringBuilder text = new StringBuilder();
            user.contents().forEach(content -> text.append(part(content)));
            add(Turn.human(text.toString()));
        } else if (message instanceof AiMessage answer && !answer.hasToolExecutionRequests()) {
            add(Turn.gpt(Objects.requireNonNullElse(answer.text(), "")));
        } else {
            throw new UnsupportedFeatureException("messages of the type " + message.type()
                    + (message instanceof AiMessage ? " with tool requests" : "") + " are not supported");
        }
    }

    private void add(Turn turn) {
        int last = turns.size() - 1;
        if (last < 0 || turns.get(last).isHuman() != turn.isHuman()) {
            turns.add(turn);
            return;
        }
        String joined = turns.get(last).value() + "\n" + turn.value();
        turns.set(last, turn.isHuman() ? Turn.human(joined) : Turn.gpt(joined));
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
            images.add(contents.load(image.image(), "image " + (images.size() + 1)));
            return LlamaTokenizer.IMAGE_TEXT + "\n";
        }
        throw new UnsupportedFeatureException("contents of the type " + content.type() + " are not supported");
    }

    private GenerationRequest build() {
        if (turns.isEmpty() || !turns.get(0).isHuman()) {
            throw new InvalidRequestException("the first message after the system message must be a UserMessage");
        }
        Turn last = turns.get(turns.size() - 1);
        return new GenerationRequest(
                last.isHuman() ? turns : turns.subList(0, turns.size() - 1),
                images,
                system.isEmpty() ? null : String.join("\n", system),
                last.isHuman() ? "" : last.value(),
                false);
    }
}
