package consumer;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import java.nio.file.Path;
import org.llava4j.langchain4j.LlavaChatModel;
import org.llava4j.model.chat.LlavaModel;

/** Asks a model about an image through LangChain4j. */
public final class AskService {
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";

    private AskService() {}

    /** @param args a checkout of LLaVA4J, for its tiny model and an image */
    public static void main(String[] args) {
        Path root = Path.of(args[0]);
        try (LlavaModel llava = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
            ChatModel model = LlavaChatModel.of(llava);
            ImageContent image =
                    ImageContent.from(root.resolve("resources/readme/map.png").toUri());
            String answer = model.chat(UserMessage.from(image, TextContent.from(QUESTION)))
                    .aiMessage()
                    .text();
            if (!answer.equals("The answer is C.")) {
                throw new IllegalStateException("the answer is \"" + answer + "\"");
            }
            System.out.println("consumer: the model answers through LangChain4j");
        }
    }
}
