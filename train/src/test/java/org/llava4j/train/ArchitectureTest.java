package org.llava4j.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.llava4j.testing.ArchitectureRules;

/** The train module does not depend on evaluation, and its packages have no cycles. */
@AnalyzeClasses(packages = "org.llava4j.train", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchTests rulesOfAllModules = ArchTests.in(ArchitectureRules.class);

    @ArchTest
    static final ArchRule trainingKnowsNothingOfEvaluation =
            noClasses().should().dependOnClassesThat().resideInAPackage("org.llava4j.eval..");
}
