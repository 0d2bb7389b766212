let x = ; function (
