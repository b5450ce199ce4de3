package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** The subcommands are the commands of the poms. */
class SubcommandTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final XPath XPATH = XPathFactory.newInstance().newXPath();

    @Test
    void everyMavenGoalIsSubcommand() throws Exception {
        assertThat(Subcommand.ALL)
                .extracting(command -> command.name() + " " + command.mainClass() + " "
                        + Objects.requireNonNullElse(command.stage(), ""))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(goals());
    }

    @Test
    void summariesFitIntoTerminalLine() {
        assertThat(Subcommand.ALL)
                .allSatisfy(command -> assertThat(command.summary()).hasSizeLessThan(56));
    }

    @Test
    void runPassesArgumentsAndFailureOn() {
        assertThatThrownBy(() -> Subcommand.named("inspect").run("--no-such-flag"))
                .hasMessageContaining("inspect")
                .hasMessageContaining("--no-such-flag");
    }

    /** Executions of the exec plugin without a phase: those with a phase belong to the build. */
    private static List<String> goals() throws Exception {
        List<String> goals = new ArrayList<>();
        NodeList modules = nodes(pom(ROOT), "/project/modules/module");
        for (int m = 0; m < modules.getLength(); m++) {
            NodeList executions = nodes(
                    pom(ROOT.resolve(modules.item(m).getTextContent())),
                    "//plugin[artifactId='exec-maven-plugin']//execution[not(phase)]");
            for (int e = 0; e < executions.getLength(); e++) {
                goals.add(XPATH.evaluate("id", executions.item(e)) + " "
                        + XPATH.evaluate("configuration/mainClass", executions.item(e)) + " "
                        + XPATH.evaluate(".//systemProperty/value", executions.item(e)));
            }
        }
        return goals;
    }

    private static NodeList nodes(Document pom, String path) throws Exception {
        return (NodeList) XPATH.evaluate(path, pom, XPathConstants.NODESET);
    }

    private static Document pom(Path folder) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(folder.resolve("pom.xml").toFile());
    }
}
