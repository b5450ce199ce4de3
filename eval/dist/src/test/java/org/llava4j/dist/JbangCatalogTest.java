package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.llava4j.model.folder.ModelManifest;

/** The entry of JBang's catalogue names this artifact and its main class. */
class JbangCatalogTest {
    @Test
    void aliasNamesThisVersionAndItsMainClass() throws Exception {
        JsonNode alias = new JsonMapper()
                .readTree(Path.of(System.getProperty("llava4j.root"), "jbang-catalog.json")
                        .toFile())
                .path("aliases")
                .path("llava4j");
        assertThat(alias.path("script-ref").asText()).isEqualTo("org.llava4j:llava4j-dist:" + ModelManifest.version());
        assertThat(alias.path("main").asText()).isEqualTo(LlavaMain.class.getName());
        assertThat(alias.path("java-options"))
                .extracting(JsonNode::asText)
                .contains("--add-modules=jdk.incubator.vector");
    }
}
