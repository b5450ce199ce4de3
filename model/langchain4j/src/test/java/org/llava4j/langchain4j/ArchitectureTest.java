package org.llava4j.langchain4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module is an adapter: it uses the model's public API and LangChain4j's core, and nothing else. */
@AnalyzeClasses(packages = "org.llava4j.langchain4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule adapterUsesApisOnly = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "com.fasterxml.jackson.databind..",
                    "org.slf4j..",
                    "org.jspecify..",
                    "dev.langchain4j..",
                    "org.llava4j.langchain4j",
                    "org.llava4j.data",
                    "org.llava4j.data.conversation",
                    "org.llava4j.data.image",
                    "org.llava4j.data.tokenizer",
                    "org.llava4j.model.chat",
                    "org.llava4j.model.folder",
                    "org.llava4j.model.generate",
                    "org.llava4j.model.schema");

    @ArchTest
    static final ArchRule internalsOfLangChain4jAreNotUsed =
            noClasses().should().dependOnClassesThat().resideInAPackage("dev.langchain4j.internal..");
}
