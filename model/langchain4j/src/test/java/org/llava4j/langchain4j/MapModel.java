package org.llava4j.langchain4j;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.llava4j.model.chat.LlavaModel;

/** The model that comes with the project, and a question about a map that it answers. */
final class MapModel {
    static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    static final Path MAP = ROOT.resolve("resources/readme/map.png");
    static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    static final String ANSWER = "The answer is C.";

    private MapModel() {}

    static LlavaModel load() {
        return LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
    }

    static String base64() {
        try {
            return Base64.getEncoder().encodeToString(Files.readAllBytes(MAP));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static UserMessage message() {
        return UserMessage.from(ImageContent.from(base64(), "image/png"), TextContent.from(QUESTION));
    }
}
