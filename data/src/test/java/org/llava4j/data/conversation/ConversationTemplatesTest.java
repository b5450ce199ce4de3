package org.llava4j.data.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;

class ConversationTemplatesTest {
    private static final String LAYOUT =
            "{\"afterSystem\": \"|\", \"beforeQuestion\": \"Q: \", \"afterQuestion\": \"\\n\","
                    + " \"answerCue\": \"A:\", \"beforeAnswer\": \" \", \"answerEnd\": \"$\", \"afterAnswer\": \"\"}";

    @TempDir
    private Path folder;

    @Test
    void ofLoadsJsonFile() throws IOException {
        Path file = folder.resolve("mine.json");
        Files.writeString(file, "{\"name\": \"mine\", \"system\": \"S\", \"prompt\": " + LAYOUT + "}");
        ConversationTemplate template = ConversationTemplates.of(file.toString());
        assertThat(template.prompt(List.of(Turn.human("a")))).isEqualTo("S|Q: a\nA:");
        assertThat(template.prompt(List.of(Turn.human("a"), Turn.gpt("b"), Turn.human("c"))))
                .isEqualTo("S|Q: a\nA: b$Q: c\nA:");
        assertThat(template.stop()).isEqualTo("$");
        assertThat(template.training()).isEqualTo(template.prompt());
    }

    @Test
    void namedResolvesAliases() {
        assertThat(ConversationTemplates.named("vicuna_v1")).isSameAs(ConversationTemplates.named("v1"));
        assertThat(ConversationTemplates.of("llava_v0")).isSameAs(ConversationTemplates.named("v0"));
        assertThatThrownBy(() -> ConversationTemplates.named("v7"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"v7\"")
                .hasMessageContaining("demo, llava_v0, plain, tiny, v0, v0-published-labels, v1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"system\": \"\", \"prompt\": LAYOUT}                              ; \"name\" is missing",
                "{\"name\": \"x\", \"prompt\": LAYOUT}                               ; \"system\" is missing",
                "{\"name\": \"x\", \"system\": \"\"}                                 ; \"prompt\" is missing",
                "{\"name\": \"x\", \"system\": \"\", \"prompt\": {}}                 ; \"afterSystem\" is missing",
                "{\"name\": \"x\", \"system\": \"\", \"prompt\": LAYOUT, \"sep\": 1} ; unknown key \"sep\"; known keys are aliases, name",
                "{\"name\": \"x\", \"system\": \"\", \"prompt\": 5}                  ; invalid JSON",
                "{\"name\": \"x\",                                                   ; line 1",
            })
    void loadRejectsInvalidTemplate(String line) throws IOException {
        String[] parts = line.split(";", 2);
        Path file = folder.resolve("bad.json");
        Files.writeString(file, parts[0].strip().replace("LAYOUT", LAYOUT));
        assertThatThrownBy(() -> ConversationTemplates.load(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(parts[1].strip())
                .hasMessageNotContaining("\n");
    }

    @Test
    void publishedLabelsNeedLayoutOfV0() throws IOException {
        Path file = folder.resolve("targets.json");
        String template = "{\"name\": \"x\", \"system\": \"\", \"prompt\": " + LAYOUT + ", \"targets\": \"%s\"}";
        Files.writeString(file, template.formatted("V0_PUBLISHED"));
        assertThatThrownBy(() -> ConversationTemplates.load(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("not that of template v0");
        Files.writeString(file, template.formatted("OTHERS"));
        assertThatThrownBy(() -> ConversationTemplates.load(file)).isInstanceOf(BadInputException.class);
        Files.writeString(file, template.formatted("ANSWERS"));
        assertThat(ConversationTemplates.json(ConversationTemplates.load(file))).doesNotContain("targets");
        ConversationTemplate published = ConversationTemplates.named(ConversationTemplates.V0_PUBLISHED_LABELS);
        Files.writeString(file, ConversationTemplates.json(published));
        assertThat(ConversationTemplates.load(file)).isEqualTo(published);
        assertThat(published.prompt())
                .isEqualTo(ConversationTemplates.named("v0").prompt());
    }

    @Test
    void loadRejectsTemplateWithoutStopString() throws IOException {
        Path file = folder.resolve("endless.json");
        String endless = LAYOUT.replace("\"$\"", "\"\"");
        Files.writeString(file, "{\"name\": \"x\", \"system\": \"\", \"prompt\": " + endless + "}");
        assertThatThrownBy(() -> ConversationTemplates.load(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"answerEnd\" is empty");
        assertThatThrownBy(() -> ConversationTemplates.load(folder.resolve("no.json")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no such file");
    }
}
