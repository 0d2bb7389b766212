enum Colour { Red, Green = 'g' }
export class Greeter<T> { constructor(private name: string, public extra?: T) {} greet = () => `hello ${this.name}` }
console.log(new Greeter(Colour.Green).greet(), Colour.Red)
