package org.llava4j.data;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.datavec.api.records.reader.RecordReader;
import org.llava4j.testing.ArchitectureRules;

/** Dependency rules: the data module does not depend on later modules, and its packages have no cycles. */
@AnalyzeClasses(packages = "org.llava4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchTests rulesOfAllModules = ArchTests.in(ArchitectureRules.class);

    @ArchTest
    static final ArchRule dataDoesNotDependOnLaterModules = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model..", "org.llava4j.train..", "org.llava4j.eval..");

    @ArchTest
    static final ArchRule everyClassIsInsideData = classes()
            .that()
            .resideOutsideOfPackage("org.llava4j.testing")
            .should()
            .resideInAPackage("org.llava4j.data..");

    @ArchTest
    static final ArchRule tokenizerDoesNotDependOnConversations = noClasses()
            .that()
            .resideInAPackage("org.llava4j.data.tokenizer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.llava4j.data.conversation..",
                    "org.llava4j.data.records..",
                    "org.llava4j.data.batch..",
                    "org.llava4j.data.image..");

    @ArchTest
    static final ArchRule tokenizerAndConversationsDoNotDependOnNd4j = noClasses()
            .that()
            .resideInAnyPackage("org.llava4j.data.tokenizer..", "org.llava4j.data.conversation..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.nd4j..", "org.datavec..");

    @ArchTest
    static final ArchRule recordReadersAreInRecordsPackage =
            classes().that().implement(RecordReader.class).should().resideInAPackage("org.llava4j.data.records..");
}
