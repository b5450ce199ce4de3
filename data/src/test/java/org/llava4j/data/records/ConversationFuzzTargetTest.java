package org.llava4j.data.records;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/** Fuzz target: conversations in LLaVA's JSON and in the layout with {@code messages}, and their encoding. */
class ConversationFuzzTargetTest {
    private static final ConversationEncoder ENCODER = new ConversationEncoder(
            LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model")),
            ConversationTemplates.named("v1"),
            ImageMarkup.V1);
    private static final FuzzOracle READING = new FuzzOracle(BadInputException.class, "fuzz.json", 200);
    /** The data loader, which knows the file, adds its name. */
    private static final FuzzOracle ENCODING = new FuzzOracle(BadInputException.class, "sample", 200);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        String turns = "[{\"from\":\"human\",\"value\":\"<image> and <image>\"},{\"from\":\"gpt\",\"value\":\"Yes.\"}]";
        return Stream.concat(
                FuzzSeeds.files(Golden.path("f_e2e/finetune.json"), Golden.path("f_e2e/pretrain.json")),
                FuzzSeeds.texts(
                        "{\"id\":1,\"image\":[\"a.jpg\",\"b.jpg\"],\"conversations\":" + turns + "}\n{\"id\":\"2\","
                                + "\"conversations\":" + turns + "}\n",
                        "[{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"},{\"type\":\"text\","
                                + "\"text\":\"What?\"}]},{\"role\":\"assistant\",\"content\":\"A cat.\"}],"
                                + "\"images\":[\"a.png\"]}]"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz.json"), bytes);
        List<Conversation> conversations = new ArrayList<>();
        READING.accepts(() -> {
            try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
                while (reader.hasNext()) {
                    conversations.add(reader.nextValue());
                }
            }
        });
        for (Conversation conversation : conversations) {
            ENCODING.accepts(() -> ENCODER.encode(conversation));
        }
    }
}
